/** Ports that frames come from and go to: AF_PACKET, or files of captured packets. */
package org.secondsite.buffer.io.ring;
