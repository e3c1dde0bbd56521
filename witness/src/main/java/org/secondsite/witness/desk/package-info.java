/**
 * What a witness does, without its sockets, threads, disk and clock: the desk that takes clients' messages, the log that
 * remembers, and the client's open questions. The daemon, the client and the simulator drive these same classes.
 */
package org.secondsite.witness.desk;
