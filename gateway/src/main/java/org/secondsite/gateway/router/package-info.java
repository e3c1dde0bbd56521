/** The routers of a gateway: what its BGP speaker is to be like, and what follows when that changes. */
package org.secondsite.gateway.router;
