/* Formats of reports, in alphabetical order: included with PARE_REPORT_WRITER defined, hence no
 * include guard. */
PARE_REPORT_WRITER(csv)
PARE_REPORT_WRITER(html)
PARE_REPORT_WRITER(json)
PARE_REPORT_WRITER(junit)
PARE_REPORT_WRITER(md)
