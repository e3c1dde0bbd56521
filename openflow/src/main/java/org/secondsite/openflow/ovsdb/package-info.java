/** What an Open vSwitch's database (RFC 7047) says of a bridge, what of it is wrong, and how it is mended. No sockets. */
package org.secondsite.openflow.ovsdb;
