#include "cli/app.h"

int main(int argc, char **argv)
{
    return pare_app_main(argc, argv);
}
