/** Namespaces, traffic, processes and clocks of the benchmarks. */
package org.secondsite.bench.io;
