/** The commands {@code secondsite replicator}: record a guest, replay it, prove it equal. */
package org.secondsite.bench.trace;
