/**
 * Checkpoint epochs in plain form: what a source hands in, what travels, and what a sink applies.
 *
 * <p>An {@link org.secondsite.replicator.Epoch} is a header, a set of pages and the device state. Its memory is outside the
 * heap and is given back by {@code close()}; whoever is handed an epoch owns it and closes it, or hands it on.
 */
package org.secondsite.replicator;
