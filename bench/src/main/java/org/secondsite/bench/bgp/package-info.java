/** The command {@code secondsite bench bgp}. */
package org.secondsite.bench.bgp;
