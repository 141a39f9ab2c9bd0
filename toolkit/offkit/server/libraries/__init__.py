"""Libraries that the server lacks, taken out of RPMs into a generation: no root, no yum.

here ─► lacking ─► closure over the media's metadata ─► RPMs, checked ─► unpack ─► vendor
"""
