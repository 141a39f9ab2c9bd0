"""ELF files, ld.so.cache and the loader's search, as pure code over what it is given."""
