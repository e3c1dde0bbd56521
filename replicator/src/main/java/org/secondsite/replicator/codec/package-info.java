/**
 * How an epoch is made small for the WAN, and whole again at the other site. Pure: epochs and bytes in, bytes and epochs out.
 */
package org.secondsite.replicator.codec;
