/** The way in for NETCONF. */
package org.secondsite.management.netconf.io;
