#!/usr/bin/python
DOCUMENTATION = r"""
module: run
"""
