new OpConSetup().check();
new OpConActions().clean();
