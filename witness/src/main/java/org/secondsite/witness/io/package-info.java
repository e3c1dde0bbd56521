/** The witness's file, its daemon's sockets, and the client that gateways and operators use. */
package org.secondsite.witness.io;
