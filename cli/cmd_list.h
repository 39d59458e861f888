/* The verbs, in alphabetical order: included with PARE_CMD defined, hence no include guard. */
PARE_CMD(compare, "Hold models against each other: energy, latency, size, memory")
PARE_CMD(convert, "Write a model again, with its weights inside or beside it")
PARE_CMD(eval, "Score a model on data, alone or against the one it came from")
PARE_CMD(help, "Explain a verb and its options")
PARE_CMD(inspect, "Show what a model is made of")
PARE_CMD(ops, "Show which operators pare understands")
PARE_CMD(run, "Run a model, on given or on random inputs")
PARE_CMD(version, "Show the version of pare and what it was built with")
