/* Amounts as people read them: three significant digits, the unit that suits them, no exponents. */
#ifndef PARE_ENERGY_QUANTITY_H
#define PARE_ENERGY_QUANTITY_H

enum { PARE_QUANTITY_BYTES = 48 };

/* Each writes into out [PARE_QUANTITY_BYTES] and returns it. */
const char *pare_quantity_joules(char *out, double joules);  /* "2.41 mJ" */
const char *pare_quantity_kwh(char *out, double kwh);        /* "10.4 kWh", "3.2 mWh" */
const char *pare_quantity_grams(char *out, double grams);    /* "1.86 kg", "41 ug" */
const char *pare_quantity_count(char *out, double count);    /* "4.6 M", "950" */
const char *pare_quantity_seconds(char *out, double seconds); /* "14 days", "36 ms" */
const char *pare_quantity_plain(char *out, double value);    /* "0.000341", "12300", "0.53" */

#endif
