#!/usr/bin/python
DOCUMENTATION = r"""
module: report
"""
