/**
 * The tunnel's sockets and threads: TLS connections, datagrams beside them, one event thread and two codec threads per tunnel.
 */
package org.secondsite.replicator.tunnel.io;
