#!/usr/bin/python
DOCUMENTATION = r"""
module: carry
"""
