/* Every operator, sorted: domain, name, symbol (pare_op_<symbol>). Included by op.c alone. */
PARE_OP("", "Conv", conv)
