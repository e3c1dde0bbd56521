/** What the tests of several modules share. Nothing of the product depends on it, and it depends on nothing of the product. */
package org.secondsite.testing;
