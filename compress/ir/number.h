/* Numbers as text: shortest digits that read back to the same value, whatever the locale. Inside of
 * ir only. */
#ifndef PARE_IR_NUMBER_H
#define PARE_IR_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PARE_NUMBER_BYTES = 40 }; /* room for any number and its terminator */

/* Writes the fewest digits that read back to v: "0.1", "-0", "1e-7", "inf", "nan", and "nan(BITS)"
 * with the decimal bit pattern for a NaN other than the quiet one without payload. Returns out. */
const char *pare_number_f32(char out[PARE_NUMBER_BYTES], float v);
const char *pare_number_f64(char out[PARE_NUMBER_BYTES], double v);

/* Read n characters of the form [-]digits[.digits][e[+-]digits], rounded to nearest. False when the
 * form is another, the value is out of range, or there are more than 400 digits. */
bool pare_number_read_f32(const char *text, size_t n, float *out);
bool pare_number_read_f64(const char *text, size_t n, double *out);

/* Read n characters of the form [-]digits; false when the form is another or it does not fit. */
bool pare_number_read_i64(const char *text, size_t n, int64_t *out);
bool pare_number_read_u64(const char *text, size_t n, uint64_t *out);

#endif
