/** The outside client's process: plain TCP sockets of the client namespace. */
package org.secondsite.lab.client.io;
