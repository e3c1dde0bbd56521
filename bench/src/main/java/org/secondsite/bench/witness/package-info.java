/** The command {@code secondsite witness bench}. */
package org.secondsite.bench.witness;
