/** The records kept by three or five nodes in common, with Raft by Apache Ratis. */
package org.secondsite.witness.io.quorum;
