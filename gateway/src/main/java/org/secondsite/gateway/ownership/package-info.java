/**
 * Who may act for a protection group, decided at one gateway: pure tables without socket, thread or clock.
 *
 * <p>The simulator and the gateway drive the very same classes.
 */
package org.secondsite.gateway.ownership;
