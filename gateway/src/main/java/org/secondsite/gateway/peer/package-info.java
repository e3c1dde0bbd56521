/** Whether the other site is alive. */
package org.secondsite.gateway.peer;
