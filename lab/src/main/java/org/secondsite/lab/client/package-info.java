/**
 * The outside client's judgement: what it received, and whether it is what an unbroken service would have sent. It shares no
 * code with the product; sockets are in {@code io}.
 */
package org.secondsite.lab.client;
