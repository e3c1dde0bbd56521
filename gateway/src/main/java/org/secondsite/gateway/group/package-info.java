/** One protection group at a gateway: carries out what its ownership table orders, through the ports it is given. */
package org.secondsite.gateway.group;
