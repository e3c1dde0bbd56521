/** Who is at the other end of a connection, for clients and nodes alike. */
package org.secondsite.witness.io.tls;
