/** Whether the other gateway is there: suspicion, decided from times that are passed in. */
package org.secondsite.gateway.peer;
