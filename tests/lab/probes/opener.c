/* Stands for Python: opens every file it is given as an interpreter opens extension modules,
   then says which files are mapped, or what the loader said about the first that failed. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>

void *probe_open(const char *path) __attribute__((weak));

static int say(struct dl_phdr_info *info, size_t size, void *data)
{
    (void)size;
    (void)data;
    if (info->dlpi_name[0] == '/')
        printf("%s\n", info->dlpi_name);
    return 0;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        void *opened = probe_open ? probe_open(argv[i]) : dlopen(argv[i], RTLD_LAZY);
        if (!opened) {
            printf("%s\n", dlerror());
            return 1;
        }
    }
    dl_iterate_phdr(say, NULL);
    return 0;
}
