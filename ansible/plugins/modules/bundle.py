#!/usr/bin/python
DOCUMENTATION = r"""
module: bundle
"""
