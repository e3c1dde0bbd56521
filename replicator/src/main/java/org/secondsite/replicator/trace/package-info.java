/**
 * Recorded checkpoint exchanges: what is in them, epoch by epoch. Pure; files are opened by
 * {@code org.secondsite.replicator.trace.io}.
 */
package org.secondsite.replicator.trace;
