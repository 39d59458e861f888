/* Formats of sources, by name: included with PARE_SOURCE_KIND defined, hence no include guard. */
PARE_SOURCE_KIND(array)
PARE_SOURCE_KIND(cifar)
PARE_SOURCE_KIND(idx)
PARE_SOURCE_KIND(images)
PARE_SOURCE_KIND(vectors)
