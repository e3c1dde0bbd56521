/** The sockets and files of {@link org.secondsite.replicator.disk}. */
package org.secondsite.replicator.disk.io;
