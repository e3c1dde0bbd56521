/** What was received and became of it, in the form of RFC 6396, pure. */
package org.secondsite.bgp.mrt;
