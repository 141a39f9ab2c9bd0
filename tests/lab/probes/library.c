/* A library or an extension module; what matters are the options it is linked with. */
int PROBE(void)
{
    return 0;
}
