/** The configuration of a gateway as a tree of YANG data. */
package org.secondsite.management.model;
