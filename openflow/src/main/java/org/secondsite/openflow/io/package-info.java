/** The sockets: one thread accepts the switches, runs their sessions and calls the listener. */
package org.secondsite.openflow.io;
