/** Reads recordings from files and measures the codec with them. */
package org.secondsite.replicator.trace.io;
