/**
 * The state machine of one switch connection: messages and a time in, effects out. No socket, no thread, no clock.
 */
package org.secondsite.openflow.session;
