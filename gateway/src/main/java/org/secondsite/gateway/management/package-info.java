/** The local control socket of a gateway, and the client that the command line uses. */
package org.secondsite.gateway.management;
