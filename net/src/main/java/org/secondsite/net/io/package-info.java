/** Connections that daemons open. */
package org.secondsite.net.io;
