/** What happened at a gateway, and when. */
package org.secondsite.gateway.timeline;
