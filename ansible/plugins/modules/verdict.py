#!/usr/bin/python
DOCUMENTATION = r"""
module: verdict
"""
