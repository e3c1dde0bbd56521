/**
 * The data plane's edge: packet sockets and libpcap, the threads that serve them, and the kernel state around them.
 *
 * <p>{@link org.secondsite.buffer.io.RoutedDataPlane} opens the usual mode. {@link
 * org.secondsite.buffer.io.PlaneThreads} is the engine that every mode shares.
 */
package org.secondsite.buffer.io;
