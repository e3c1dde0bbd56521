/** The WAN emulator's process: packet sockets, its one thread, and the control socket. */
package org.secondsite.lab.wan.io;
