/** Plans of PostgreSQL, MySQL, SQL Server and MongoDB as one tree of nodes, to be asserted on and drawn. */
package mastery.support.plan;
