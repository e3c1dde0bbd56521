/** The messages of clients and nodes, cut out of a stream of bytes. */
package org.secondsite.witness.io.framing;
