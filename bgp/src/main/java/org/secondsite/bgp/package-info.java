/** A BGP-4 speaker library. */
package org.secondsite.bgp;
