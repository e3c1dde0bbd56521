/** NETCONF (RFC 6241): octets in, octets out. */
package org.secondsite.management.netconf;
