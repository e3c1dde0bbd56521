/**
 * Disks of protected VMs: an NBD server whose volumes remember what is written in an epoch.
 *
 * <p>This package is bytes in, values out; {@code io} has the sockets and the files.
 */
package org.secondsite.replicator.disk;
