/** Sockets, threads and clocks of the speaker: Netty on epoll. */
package org.secondsite.bgp.io;
