/**
 * The checkpoint protocol over TCP: {@link org.secondsite.replicator.checkpoint.io.CheckpointServer} is the gateway's end,
 * {@link org.secondsite.replicator.checkpoint.io.CheckpointConnection} what both ends share.
 */
package org.secondsite.replicator.checkpoint.io;
