#!/usr/bin/python
DOCUMENTATION = r"""
module: survey
"""
